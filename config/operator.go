package config

import (
	"fmt"
	"net"
)

// DefaultOperatorListen is where operators find the server's own pages, if nothing else is set.
const DefaultOperatorListen = "127.0.0.1:9464"

// Operator is where the operator's pages are to be, "" for nowhere.
func (s *Server) Operator() string {
	if s.OperatorListen == "off" {
		return ""
	}
	return s.OperatorListen
}

// operatorAddress refuses an address that cannot be listened on, or is where the public is.
func (s *Server) operatorAddress() error {
	at := s.Operator()
	if at == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(at)
	switch {
	case err != nil || port == "":
		return fmt.Errorf("--operator-listen %q: write HOST:PORT, for example %s, or off", at, DefaultOperatorListen)
	case at == s.Listen && port != "0":
		return fmt.Errorf("--operator-listen %s is where webhooks arrive: choose another port, the operator's pages are not for the public", at)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/config"
)

// listenForOperators listens where the operator's pages are to be; nil is nowhere. A port
// that is taken stops nobody who did not choose it.
func listenForOperators(ctx context.Context, address string, log zerolog.Logger) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	var how net.ListenConfig
	listener, err := how.Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return listener, nil
	case address == config.DefaultOperatorListen:
		log.Warn().Err(err).Str("part", "server").Str("address", address).
			Msg("There are no pages for operators and no metrics, as the default address cannot be listened on: set --operator-listen (BONAFIDE_OPERATOR_LISTEN) to another HOST:PORT, or to off")
		return nil, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, usage("--operator-listen %s: another program listens there: stop it, choose another port, or off", address)
	}
	return nil, usage("--operator-listen %s: choose an address of this machine and a port that this user may listen on, or off: %v", address, err)
}

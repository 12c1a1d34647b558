package main

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/config"
)

func TestTheOperatorsAddressIsNoReasonNotToServeUnlessItWasChosen(t *testing.T) {
	if held, err := net.Listen("tcp", config.DefaultOperatorListen); err == nil {
		defer held.Close()
	} // else another program has it, which is as good
	var log bytes.Buffer
	got, err := listenForOperators(t.Context(), config.DefaultOperatorListen, zerolog.New(&log))
	if got != nil || err != nil || !strings.Contains(log.String(), "set --operator-listen") || !strings.Contains(log.String(), `"warn"`) {
		t.Errorf("%v, %v: %s", got, err, &log)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, address := range []string{taken.Addr().String(), "192.0.2.1:9464"} {
		if _, err := listenForOperators(t.Context(), address, zerolog.Nop()); !isUsage(err) || !strings.Contains(err.Error(), "or off") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if got, err := listenForOperators(t.Context(), "", zerolog.Nop()); got != nil || err != nil {
		t.Errorf("nowhere is %v, %v", got, err)
	}
	got, err = listenForOperators(t.Context(), "127.0.0.1:0", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	got.Close()
}

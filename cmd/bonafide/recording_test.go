//go:build linux

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

var update = flag.Bool("update", false, "write the recordings in README.md, and what docs/install.md quotes of a start, anew")

// recordedColumns is the width of the terminal that is recorded.
const recordedColumns = 100

// recorded runs the program with a terminal for its output, and returns what it showed
// there, and on stderr.
func recorded(t *testing.T, args ...string) (shown, stderr string) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: no terminal can be made: %v", err)
	}
	defer ours.Close()
	var number, unlock int32
	size := [4]uint16{40, recordedColumns}
	for request, value := range map[uintptr]unsafe.Pointer{
		syscall.TIOCSPTLCK: unsafe.Pointer(&unlock), syscall.TIOCGPTN: unsafe.Pointer(&number), syscall.TIOCSWINSZ: unsafe.Pointer(&size),
	} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, ours.Fd(), request, uintptr(value)); errno != 0 {
			t.Skipf("skipped: no terminal can be made: %v", errno)
		}
	}
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: no terminal can be made: %v", err)
	}
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(ours) // ends with an error when the other side is closed
		read <- string(all)
	}()
	var problems bytes.Buffer
	run(context.Background(), args, terminal{theirs, &problems}, unreachable())
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(<-read, "\r\n", "\n"), problems.String()
}

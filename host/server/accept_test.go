package server_test

import (
	"context"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/posternhq/postern/host/server"
)

// scarce is a listener of a process that has no file left, once.
type scarce struct {
	net.Listener
	failed atomic.Bool
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.failed.CompareAndSwap(false, true) {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return s.Listener.Accept()
}

// Clients that use up the files of the process must not end the server.
func TestServer_Accept_OutOfFiles(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{Server: server.New(server.Config{Gateway: &gateway{}}), address: l.Addr().String(), served: make(chan error, 1)}
	go func() { b.served <- b.Serve(&scarce{Listener: l}) }()
	if !b.dial(t).isKept() {
		t.Error("the connection was closed")
	}
	if err := b.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-b.served; err != nil {
		t.Error(err)
	}
}

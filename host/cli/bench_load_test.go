package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// peer is one of those compared: where it is, what it is sent and must answer.
type peer struct {
	name        string
	absent      string // why it is not there; else it is measured
	address     string
	request     []byte
	answer      []byte
	connections int
	rates       []float64 // requests answered in a second, for each round
}

func helloPeer(name, address, path, header string) *peer {
	return &peer{
		name: name, address: address, connections: helloConnections,
		request: []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n" + header + "\r\n"),
		answer:  []byte(`{"message":"Hello, Ada!"}`),
	}
}

func echoPeer(name, address, path, header string) *peer {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%s\r\n", path, address, echoBytes, header)
	return &peer{
		name: name, address: address, connections: echoConnections,
		request: []byte(head + echoed), answer: []byte(echoed),
	}
}

// measure sends requests on keep-alive connections for benchTime and notes how
// many were answered in a second.
func (p *peer) measure(t *testing.T) {
	t.Helper()
	if p.absent != "" {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), benchTime)
	defer stop()
	var answered atomic.Int64
	var wait sync.WaitGroup
	start := time.Now()
	for range p.connections {
		wait.Go(func() {
			n, err := p.converse(ctx)
			answered.Add(n)
			if err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		})
	}
	wait.Wait()
	p.rates = append(p.rates, float64(answered.Load())/time.Since(start).Seconds())
}

// converse repeats the request on one connection until ctx is done.
func (p *peer) converse(ctx context.Context) (answered int64, err error) {
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	body := make([]byte, len(p.answer))
	for ctx.Err() == nil {
		if _, err := conn.Write(p.request); err != nil {
			return answered, err
		}
		status, err := readAnswer(in, body)
		if err != nil {
			return answered, err
		}
		if status != 200 || !bytes.Equal(body, p.answer) {
			return answered, fmt.Errorf("status %d: %.200s", status, body)
		}
		answered++
	}
	return answered, nil
}

// readAnswer reads a response of a known length into body. It does the least
// it can, because what the load costs is missing to the peers.
func readAnswer(in *bufio.Reader, body []byte) (status int, err error) {
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case len(line) == 0 && length > len(body):
			return 0, fmt.Errorf("status %d with %d bytes", status, length)
		case len(line) == 0 && length >= 0:
			_, err := io.ReadFull(in, body[:length])
			clear(body[length:])
			return status, err
		case len(line) == 0:
			return 0, fmt.Errorf("status %d without a length", status)
		case status == 0 && len(line) >= len("HTTP/1.1 200"):
			status, _ = strconv.Atoi(string(line[9:12]))
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
}

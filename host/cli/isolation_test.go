package cli_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/posternhq/postern/host"
	"github.com/posternhq/postern/host/admin/client"
)

// The callers of TestIsolation, and how many requests each makes.
const (
	isolationCallers = 16
	isolationRounds  = 25
)

// TestIsolation has many callers at once give a secret to a guest that keeps it
// wherever it can, and answers with whatever it finds. Only with the isolation
// reuse may it find anything, and there it must: else this test saw nothing.
func TestIsolation(t *testing.T) {
	t.Parallel()
	wasm, err := os.ReadFile("../engine/testdata/ok/leave_everything.wasm")
	must(t, err)
	h := newHouse(t, map[string][]byte{"leaver": wasm})
	for _, isolation := range []string{host.IsolationReset, host.IsolationFresh, host.IsolationReuse} {
		_, _, err := h.api.CreateEndpoint(t.Context(), h.app, client.EndpointFields{
			Name: client.Value(isolation), Method: client.Value("POST"), Path: client.Value("/" + isolation + "/{secret}"),
			Module: client.Value("leaver"), Isolation: client.Value(isolation), Input: client.Value(host.InputBody),
			RequiresAuthentication: client.Value(false),
		})
		must(t, err)
		found := 0
		for _, answer := range tellSecrets(t, "http://"+h.address+"/run/bench/"+isolation+"/") {
			if strings.Trim(answer, "-") != "" {
				found++
			}
		}
		if found > 0 != (isolation == host.IsolationReuse) {
			t.Errorf("%s: %d of %d calls found what others left", isolation, found, isolationCallers*isolationRounds)
		}
	}
	checkLogs(t, h.api, h.app)
}

// tellSecrets makes all requests and returns the answers.
func tellSecrets(t *testing.T, url string) []string {
	t.Helper()
	var (
		mu      sync.Mutex
		answers []string
		callers sync.WaitGroup
	)
	for caller := range isolationCallers {
		callers.Go(func() {
			for round := range isolationRounds {
				secret := fmt.Sprintf("S%03d.%03d", caller, round)
				answer, err := tell(url+secret, secret)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				answers = append(answers, answer)
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return answers
}

// tell makes one request. A guest answers in seven places of eight bytes.
func tell(url, secret string) (string, error) {
	response, err := http.Post(url, "text/plain", strings.NewReader(secret))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || len(body) != 7*8) {
		err = fmt.Errorf("status %d: %q", response.StatusCode, body)
	}
	return string(body), err
}

// checkLogs compares what each recorded call logged, which is its own secret,
// as the path of its request has it. Not all calls are recorded, but the first
// ones are.
func checkLogs(t *testing.T, api *client.Client, app string) {
	t.Helper()
	list, err := api.Invocations(context.Background(), app, host.InvocationFilter{}, host.Page{Limit: host.MaxPageLimit})
	must(t, err)
	if len(list.Items) == 0 {
		t.Error("no call was recorded")
	}
	for _, call := range list.Items {
		if len(call.Logs) != 1 || call.Logs[0].Text != path.Base(call.Path) {
			t.Errorf("a call of %s logged %+v", call.Path, call.Logs)
		}
	}
}

package admin

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/posternhq/postern/host"
)

// refuse answers a call that is not admitted. One with a credential that is not
// valid counts as an attempt of its address; one without is no attempt, and one
// that is merely suspended is known already.
func (a *API) refuse(c *fiber.Ctx, err error) error {
	present := c.Get("X-API-Key") != "" || c.Get("Authorization") != ""
	if !present || host.CodeOf(err) != host.CodeUnauthorized {
		return err
	}
	retryAfter, throttled := a.Failed(client(c))
	if throttled == nil {
		return err
	}
	c.Set("Retry-After", strconv.FormatInt(retryAfter, 10))
	return throttled
}

// client is where a call comes from, as far as the server knows.
func client(c *fiber.Ctx) netip.Addr {
	if peer, ok := c.Context().RemoteAddr().(*net.TCPAddr); ok {
		return peer.AddrPort().Addr()
	}
	return netip.Addr{}
}

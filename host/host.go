// Package host is the domain of Postern: the words of the product as Go types,
// their rules, and the interfaces of what keeps them.
//
// It owns App, Module, Endpoint, Release, Key, Caller, Request, Response,
// Invocation, Organization, Error and their validation. It imports nothing but
// the standard library and must not know HTTP servers, SQL, Wasm engines or
// any other package of this module; every other package may import it.
package host

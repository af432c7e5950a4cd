package postern

import "encoding/json"

// stop is what Return and Fail panic with: the way out of a handler from any
// depth. Functions between them and the handler run what they deferred.
type stop struct {
	response Response
	failure  *Failure // nil if it is none
}

// Return ends the handler at once with a response, from however deep within it:
//
//	if len(order.Lines) == 0 {
//		postern.Return(postern.NoContent())
//	}
//
// It does not return. As for any response, a status below 400 commits what was
// written, and one from 400 on takes it back. Call it on the handler's own
// goroutine; a recover of your own has to panic again with what is no panic of
// yours.
func Return(r Response) { panic(stop{response: r}) }

// ReturnUnless is [Return] if the condition is not met.
func ReturnUnless(valid bool, r Response) {
	if !valid {
		Return(r)
	}
}

// Failure is why a handler gave up; see [Fail].
type Failure struct {
	Status   int
	Message  string
	Metadata any
}

// Error is the message.
func (f *Failure) Error() string { return f.Message }

// Fail ends the handler as [Return] does, with the response
// {"error": message, "metadata": metadata}, without metadata if that is nil. The
// status is one from 400 on, so that what was written is taken back; another
// becomes a 500. [Try] catches it.
func Fail(status int, message string, metadata any) {
	if status < 400 || status > 599 {
		status = 500
	}
	f := &Failure{status, message, metadata}
	r := Error(status, message)
	if metadata != nil {
		more, err := json.Marshal(metadata)
		r.body = append(append(append(r.body[:len(r.body)-1], `,"metadata":`...), more...), '}')
		r.err = err
	}
	panic(stop{r, f})
}

// Try runs fn, and returns the failure if it ends by [Fail], else nil. Any other
// panic, and [Return], go on.
func Try(fn func()) (failure *Failure) {
	defer func() {
		p := recover()
		if s, ok := p.(stop); ok && s.failure != nil {
			failure = s.failure
		} else if p != nil {
			panic(p)
		}
	}()
	fn()
	return nil
}

package postern

import "fmt"

// Log writes lines to the log of the invocation:
//
//	postern.Log.Info("order %s has %d items", id, n)
//
// Developers of the app see them with the invocation; clients never do. The
// host keeps a bounded number of lines of one invocation.
var Log Logger

// Logger is the type of [Log]; every method formats as fmt.Sprintf does.
type Logger struct{}

type logLevel string

const (
	levelTrace logLevel = "trace"
	levelDebug logLevel = "debug"
	levelInfo  logLevel = "info"
	levelWarn  logLevel = "warn"
	levelError logLevel = "error"
)

// Trace writes a line of the lowest level.
func (Logger) Trace(format string, args ...any) { writeLog(levelTrace, fmt.Sprintf(format, args...)) }

// Debug writes a line that helps to find faults.
func (Logger) Debug(format string, args ...any) { writeLog(levelDebug, fmt.Sprintf(format, args...)) }

// Info writes a line about what happened.
func (Logger) Info(format string, args ...any) { writeLog(levelInfo, fmt.Sprintf(format, args...)) }

// Warn writes a line about something that may need attention.
func (Logger) Warn(format string, args ...any) { writeLog(levelWarn, fmt.Sprintf(format, args...)) }

// Error writes a line about something that went wrong.
func (Logger) Error(format string, args ...any) { writeLog(levelError, fmt.Sprintf(format, args...)) }

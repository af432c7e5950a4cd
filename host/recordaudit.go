package host

// What the audit log tells of records: which, never what is in them.

// RecordState is a record before or after a change.
type RecordState struct {
	AppID   string `json:"-"`
	Object  string `json:"object"` // name
	ID      string `json:"id"`
	Version int64  `json:"version"`
}

// RecordImport is what an import did to an object.
type RecordImport struct {
	Target   *Object `json:"-"`
	Object   string  `json:"object"` // name
	Records  int     `json:"records"`
	Existing int     `json:"existing"`
	Error    string  `json:"error,omitempty"` // code of what ended it early
}

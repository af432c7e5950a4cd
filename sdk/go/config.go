package postern

// Config returns a configuration value of the module, or "" if it is not set.
func Config(name string) string {
	value, _ := lookupConfig(name)
	return value
}

// LookupConfig returns a configuration value of the module and whether it is
// set at all.
func LookupConfig(name string) (value string, ok bool) { return lookupConfig(name) }

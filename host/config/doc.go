// Package config turns flags, POSTERN_… environment variables and an optional
// YAML file into one flat Config.
//
// It owns the table of settings, from which the flags, the variables, the keys
// of the file and the documentation are made, and it owns the rule of strength:
// flag over environment over file over default. Load is pure: it is handed
// arguments, environment and a way to read the file. The package must not know
// what any setting is used for, open anything or log.
package config

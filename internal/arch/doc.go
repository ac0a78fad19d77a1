// Package arch holds the rules of the house as tests: who may import whom and
// why, where a dependency has its home, how large a file may grow.
package arch

// SPDX-License-Identifier: MIT
//
// For run_runtimes.py: a Go program with cgo that takes 150 MiB, piece by piece, and keeps every other piece.
package main

// #include <stdlib.h>
import "C"
import "fmt"

func main() {
	C.free(C.malloc(100))
	var keep [][]byte
	for i := 0; i < 150; i++ {
		piece := make([]byte, 1<<20)
		for j := range piece {
			piece[j] = byte(i)
		}
		if i%2 == 0 {
			keep = append(keep, piece)
		}
	}
	fmt.Println(len(keep), keep[3][7])
}

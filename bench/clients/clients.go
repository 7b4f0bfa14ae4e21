// One call by remove.bg's Go client, in the folder of photo.jpg: clients KEY SIZE FORMAT
package main

import (
	"fmt"
	"os"

	"removebg/client"
)

func main() {
	options := map[string]string{"size": os.Args[2], "format": os.Args[3]}
	image, _, err := client.Client{}.RemoveFromFile("photo.jpg", os.Args[1], options)
	if err == nil {
		err = os.WriteFile("no-bg", image, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

"""Builds the Lambda layers: the dependencies, and for functions that cut the compiled kernels and the default weights.

    lock file --resolve--> site --kernels--> compiled functions
    both --prune, linked, elf, compile_modules (joined by tree)--> layer --archive, sizes--> layer.zip

`make layer` runs `layers.build` for each layer, which calls these steps. The package `weights` downloads the weights
first.
"""

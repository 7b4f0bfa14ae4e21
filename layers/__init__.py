"""Builds the Lambda layer: the dependencies, the compiled kernels and the default model's weights.

    lock file --resolve--> site --kernels--> compiled functions
    both --prune, linked, elf, compile_modules (joined by tree)--> layer --archive, sizes--> layer.zip

`make layer` runs `layers.build`, which calls these steps. The package `weights` downloads the weights first.
"""

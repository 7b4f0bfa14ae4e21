"""How the Lambda layer is made, and how the networks' weights get into it and into a checkout.

    lock file --resolve--> site --kernels--> compiled functions
    both --prune, linked, elf, compile_modules (joined by tree)--> layer --archive, sizes--> layer.zip

`layers.build` is that line, and `make layer` calls it; `weights` brings the models.
"""

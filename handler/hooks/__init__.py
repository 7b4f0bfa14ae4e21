"""Shops tell us of their products, and we tell whoever asked when their pictures are done."""

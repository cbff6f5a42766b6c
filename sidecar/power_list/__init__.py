"""The language of the power list (权责清单): what a maintainer writes, read with positions and checked whole."""

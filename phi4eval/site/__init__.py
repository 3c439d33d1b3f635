"""Static pages made from runs: what was measured, how, and the evidence; `build` makes them."""

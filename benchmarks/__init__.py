"""Speed and accuracy of the engine beside other int8 engines; README.md tells how to run and read them."""

"""What a person sees: tables of a program and of a report. The modules are imported one by one; some need PyTorch."""

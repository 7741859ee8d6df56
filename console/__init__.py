"""The console: pages in a browser, served by the API process under `/console`."""

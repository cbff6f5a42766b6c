"""The reverse proxy: a server and a client of HTTP/1.1 with the decision between them."""

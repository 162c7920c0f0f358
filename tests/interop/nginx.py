"""Runs nginx as a reverse proxy in front of a WebSocket server: nginx.py NGINX DIRECTORY PORT

PORT is the server's, DIRECTORY is for nginx's files. Prints `LISTENING port` like the servers here,
and becomes nginx, which ends on SIGTERM.
"""

import os
import socket
import sys

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/error.log info;
events {{}}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/temp;
    proxy_temp_path {directory}/temp;
    fastcgi_temp_path {directory}/temp;
    uwsgi_temp_path {directory}/temp;
    scgi_temp_path {directory}/temp;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{server_port};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host $host;
        }}
    }}
}}
"""

nginx, directory, server_port = sys.argv[1], os.path.realpath(sys.argv[2]), int(sys.argv[3])
os.makedirs(directory, exist_ok=True)

# nginx itself cannot listen on whatever port is free. But as in an upgrade of its program, it takes
# over the listening sockets whose numbers it finds in its environment.
listener = socket.create_server(("127.0.0.1", 0))
listener.set_inheritable(True)
port = listener.getsockname()[1]
configuration = os.path.join(directory, "nginx.conf")
with open(configuration, "w") as file:
    file.write(CONFIGURATION.format(directory=directory, port=port, server_port=server_port))
print(f"LISTENING {port}", flush=True)
os.environ["NGINX"] = f"{listener.fileno()};"
os.execv(nginx, [nginx, "-p", directory, "-e", os.path.join(directory, "error.log"), "-c", configuration])

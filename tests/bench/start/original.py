"""The algorithm of the exercise that this project began as, without its sleeps: four devices, one datagram each, one
buffer, one connection. Nothing is stored, nothing is acknowledged by the cloud. Argument: the folder with the surveys."""
import socket
import sys
import threading

BUFFER = 4096
DEVICES = ["192.168.1.2", "192.168.1.3", "192.168.1.4", "192.168.1.5"]
folder = sys.argv[1]

cloud = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
cloud.bind(("127.10.10.2", 0))
cloud.listen(1)
gateway = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
gateway.bind(("127.168.1.1", 0))


def serve_cloud():
    connection, _ = cloud.accept()
    print(connection.recv(BUFFER).decode())
    connection.send(b"Surveys received")
    connection.close()


def serve_gateway():
    surveys = {}
    while len(surveys) < len(DEVICES):
        data, sender = gateway.recvfrom(BUFFER)
        surveys[data.decode().split(" ")[0]] = data.decode()
        gateway.sendto(b"Surveys arrived", sender)
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.bind(("127.10.10.1", 0))
    connection.connect(cloud.getsockname())
    connection.send("".join(surveys.values()).encode())
    connection.recv(BUFFER)
    connection.close()


servers = [threading.Thread(target=serve_cloud), threading.Thread(target=serve_gateway)]
for server in servers:
    server.start()
for number, ip in enumerate(DEVICES, 1):
    with open(f"{folder}/device{number}.txt") as file:
        lines = [f"{ip} - {line.strip()}\n" for line in file if line.strip()]
    device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    device.bind(("127" + ip[ip.index("."):], 0))
    device.sendto("".join(lines).encode(), gateway.getsockname())
    device.recvfrom(BUFFER)
for server in servers:
    server.join()

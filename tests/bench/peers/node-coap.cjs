// A server of node-coap on Node: it acknowledges every upload and keeps nothing. Listens on the port that it is told.
const { createServer } = require("coap")

const acknowledge = (_request, response) => {
  response.code = "2.04"
  response.end("Surveys arrived")
}
createServer(acknowledge).listen(Number(process.argv[2]), "127.0.0.1")

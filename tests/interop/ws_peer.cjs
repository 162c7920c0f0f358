// The npm package ws as a peer of the interoperation tests. Commands, options and output are those of peer.c;
// --fragments sends messages of more than 3000 bytes in several frames.
'use strict';

const { WebSocket, WebSocketServer } = require('ws');
const { PROTOCOLS, PROTOCOL, LONGEST_MESSAGE, runList, echo } = require('./exchange.js');

// ws applies this limit to frames too, and compression makes incompressible messages longer.
const maxPayload = LONGEST_MESSAGE + 65536;

const [role, ...rest] = process.argv.slice(2);
const url = role === 'client' ? rest.shift() : undefined;
const options = new Set(), values = {};
while (rest.length > 0) {
    const option = rest.shift();
    options.add(option);
    if (option === '--window-bits' || option === '--threshold') values[option] = Number(rest.shift());
}
const compress = options.has('--compress');
const expectsCompression = compress && !options.has('--expect-plain');
const noTakeover = options.has('--no-context-takeover');
const windowBits = values['--window-bits'];
const perMessageDeflate = compress && {
    ...(noTakeover && { serverNoContextTakeover: true, clientNoContextTakeover: true }),
    ...(windowBits && { serverMaxWindowBits: windowBits, clientMaxWindowBits: windowBits }),
    ...('--threshold' in values && { threshold: values['--threshold'] }),
};

function sender(socket) {
    if (!options.has('--fragments')) return undefined;
    return (message) => {
        const bytes = Buffer.from(message), binary = typeof message !== 'string';
        // A frame may end inside a code point (RFC 6455 section 5.4).
        const size = Math.max(3000, Math.ceil(bytes.length / 1000));
        let start = 0;
        for (; start + size < bytes.length; start += size) {
            socket.send(bytes.subarray(start, start + size), { fin: false, binary });
        }
        socket.send(bytes.subarray(start), { fin: true, binary });
    };
}

let count = 0, failed = 0;

async function report(outcome, path) {
    count += 1;
    try {
        console.log(`${await outcome}, at ${path}`);
    } catch (error) {
        failed += 1;
        console.log(`FAILED ${error.message}, at ${path}`);
    }
}

function end() {
    process.exit(count > 0 && failed === 0 ? 0 : 1);
}

async function client() {
    for (const path of ['/', '/list']) {
        const socket = new WebSocket(url + path, PROTOCOLS, { perMessageDeflate, maxPayload });
        const part = path === '/' ? runList : echo;
        await report(part(socket, expectsCompression, sender(socket)), path);
    }
    end();
}

function server() {
    const server = new WebSocketServer({
        host: '127.0.0.1', port: 0, perMessageDeflate, maxPayload,
        handleProtocols: (protocols) => protocols.has(PROTOCOL) && PROTOCOL,
    });
    const connections = [];
    server.on('listening', () => console.log(`LISTENING ${server.address().port}`));
    server.on('connection', (socket, request) => {
        const part = request.url === '/list' ? runList : echo;
        connections.push(report(part(socket, expectsCompression, sender(socket)), request.url));
    });
    process.stdin.resume();
    process.stdin.on('end', async () => {
        server.clients.forEach((socket) => socket.terminate());
        await Promise.all(connections);
        end();
    });
}

if (role === 'client') client();
else if (role === 'server') server();
else process.exit(2);

// The messages of a connection, for the browser's WebSocket and for ws, which has the same interface. See peer.c.
'use strict';

const PROTOCOLS = ['other', 'interop'];
const PROTOCOL = 'interop';
const REASON = 'finished';
const LONGEST_MESSAGE = 16 * 1024 * 1024;

// The same in every run, so that a failure can be reproduced.
let noiseState = 2463534242;

function noise() {
    noiseState ^= noiseState << 13;
    noiseState ^= noiseState >>> 17;
    noiseState ^= noiseState << 5;
    return noiseState >>> 0;
}

function filledWithNoise(length) {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = noise() >>> 11;
    return bytes;
}

function filledWithRepetition(length) {
    const sentence = new TextEncoder().encode('The position of the player has not changed since. ');
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = sentence[i % sentence.length];
    return bytes;
}

// Sentences of unequal length in an irregular order, so that pieces of the message end inside code points of two,
// three and four bytes.
function text(length) {
    const sentences = [
        'Größe übertrifft Maß. ', 'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ', 'いろはにほへと ちりぬるを。',
        '🦀🎮 𝄞 players: 4, score: 1000 €. ', 'The quick brown fox jumps over the lazy dog. ',
    ].map((sentence) => [sentence, new TextEncoder().encode(sentence).length]);
    const parts = [];
    while (length > 0) {
        let [sentence, size] = sentences[noise() % sentences.length];
        if (size > length) [sentence, size] = ['.', 1];
        parts.push(sentence);
        length -= size;
    }
    return parts.join('');
}

// { first: messages to be sent one by one, second: messages to be sent all at once }
function payloads() {
    const first = [], second = [];
    for (const length of [0, 1, 125, 126, 127, 65535, 65536, LONGEST_MESSAGE]) {
        const incompressible = filledWithNoise(length);
        const others = [text(length)];
        if (length > 1) others.push(filledWithRepetition(length));
        first.push(incompressible, ...others);
        second.push(...others);
        // Once is enough for the message that takes seconds to compress.
        if (length < LONGEST_MESSAGE) second.push(incompressible);
    }
    return { first, second };
}

function describe(message) {
    return typeof message === 'string' ? `text of ${message.length} units` : `binary of ${message.byteLength} bytes`;
}

function isEqual(returned, sent) {
    if (typeof sent === 'string') return returned === sent;
    if (typeof returned === 'string' || returned.byteLength !== sent.byteLength) return false;
    const bytes = new Uint8Array(returned);
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== sent[i]) return false;
    return true;
}

// Both following functions accept a socket that is opening or open, and return a promise of a line with the result.
// They throw failures.

function checked(socket, expectsCompression) {
    if (socket.protocol !== PROTOCOL) throw new Error(`the sub-protocol is '${socket.protocol}'`);
    if (socket.extensions.startsWith('permessage-deflate') !== expectsCompression) {
        throw new Error(`the extensions are '${socket.extensions}'`);
    }
}

function result(count, socket) {
    return `OK ${count} messages, extensions '${socket.extensions}'`;
}

// `send` is for senders with options; the default is the browser's.
function runList(socket, expectsCompression, send = (message) => socket.send(message)) {
    socket.binaryType = 'arraybuffer';
    return new Promise((resolve, reject) => {
        const { first, second } = payloads();
        const all = [...first, ...second];
        let returned = 0;
        const begin = () => {
            checked(socket, expectsCompression);
            send(all[0]);
        };
        const guarded = (action) => (event) => {
            try {
                action(event);
            } catch (error) {
                reject(error);
                socket.close();
            }
        };
        socket.onmessage = guarded(({ data }) => {
            if (returned === all.length) throw new Error(`${describe(data)} came that was not sent`);
            if (!isEqual(data, all[returned])) {
                throw new Error(`message ${returned}, ${describe(all[returned])}, came back as ${describe(data)}`);
            }
            returned += 1;
            if (returned < first.length) send(all[returned]);
            else if (returned === first.length) second.forEach((message) => send(message));
            else if (returned === all.length) socket.close(1000, REASON);
        });
        socket.onclose = guarded(({ code, reason, wasClean }) => {
            if (returned !== all.length || code !== 1000 || !wasClean) {
                throw new Error(`closed with ${code} '${reason}' after ${returned} of ${all.length} messages`);
            }
            resolve(result(returned, socket));
        });
        socket.onerror = ({ message }) => reject(new Error(`error ${message ?? ''} after ${returned} messages`));
        if (socket.readyState === 1) guarded(begin)();
        else socket.onopen = guarded(begin);
    });
}

function echo(socket, expectsCompression, send = (message) => socket.send(message)) {
    socket.binaryType = 'arraybuffer';
    return new Promise((resolve, reject) => {
        let count = 0;
        socket.onmessage = ({ data }) => {
            count += 1;
            send(data);
        };
        const begin = () => {
            try {
                checked(socket, expectsCompression);
            } catch (error) {
                reject(error);
                socket.close();
            }
        };
        socket.onclose = ({ code, reason, wasClean }) => {
            if (count > 0 && code === 1000 && reason === REASON && wasClean) resolve(result(count, socket));
            else reject(new Error(`closed with ${code} '${reason}' after ${count} messages`));
        };
        socket.onerror = ({ message }) => reject(new Error(`error ${message ?? ''} after ${count} messages`));
        if (socket.readyState === 1) begin();
        else socket.onopen = begin;
    });
}

if (typeof module !== 'undefined') module.exports = { PROTOCOLS, PROTOCOL, LONGEST_MESSAGE, runList, echo };

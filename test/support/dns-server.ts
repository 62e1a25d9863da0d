import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";

/** A DNS server whose answers follow a script; its records live for no second. */
export interface DnsServer extends AsyncDisposable {
  /** Returns how many questions of this type came for a name. */
  count(name: string, type?: "A" | "AAAA"): number;
}

/**
 * Returns the addresses of the nth answer, from 1, to the question for A records of `name`;
 * undefined gives no answer.
 */
export type DnsScript = (name: string, nth: number) => readonly string[] | undefined;

const TYPES = { A: 1, AAAA: 28 } as const;

interface Question {
  readonly name: string;
  readonly type: number;
  /** As it came, to be repeated in the answer. */
  readonly bytes: Buffer;
}

function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let size = message[at] ?? 0; size > 0; size = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + size));
    at += size + 1;
  }
  const type = message.readUInt16BE(at + 1);
  return { name: labels.join(".").toLowerCase(), type, bytes: message.subarray(12, at + 5) };
}

function record(address: string): Buffer {
  const data = Buffer.from(address.split(".").map(Number));
  // The name of the question, type A, class IN, no time to live.
  const head = Buffer.from([0xc0, 12, 0, TYPES.A, 0, 1, 0, 0, 0, 0, 0, data.byteLength]);
  return Buffer.concat([head, data]);
}

/** An authoritative answer, RFC 1035 section 4.1.1. */
function answer(message: Buffer, { bytes }: Question, addresses: readonly string[]): Buffer {
  const head = Buffer.alloc(12);
  message.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x84_00 | (message.readUInt16BE(2) & 0x01_00), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  return Buffer.concat([head, bytes, ...addresses.map(record)]);
}

/** Starts a DNS server on UDP; it knows IPv4 addresses only. */
export async function startDnsServer(port: number, script: DnsScript): Promise<DnsServer> {
  const counts = new Map<string, number>();
  const socket: Socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const question = readQuestion(message);
    const key = `${question.type} ${question.name}`;
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    const found = script(question.name, nth);
    if (found === undefined) return;
    const addresses = question.type === TYPES.A ? found.filter(isIPv4) : [];
    socket.send(answer(message, question, addresses), from.port, from.address);
  });
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  return {
    count: (name, type = "A") => counts.get(`${TYPES[type]} ${name}`) ?? 0,
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}

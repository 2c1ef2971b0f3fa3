/** A name server that changes its mind: what it answers depends on how often it was asked. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Addresses of a name by how often it was asked before; the last entry stays. */
export type Names = Record<string, readonly (readonly string[])[]>;

const HEADER_BYTES = 12;
const TYPE_A = 1;

/** Serves on 127.0.0.1:53, where the system's resolver of this network looks. */
export async function startNameServer(names: Names): Promise<{ close: () => void }> {
  const socket = createSocket('udp4');
  const asked = new Map<string, number>();
  socket.on('message', (question, { port, address }) => {
    const { name, type, end } = readQuestion(question);
    const count = asked.get(name) ?? 0;
    if (type === TYPE_A) asked.set(name, count + 1);
    const answers = names[name];
    const addresses = type === TYPE_A ? (answers?.[count] ?? answers?.at(-1) ?? []) : [];
    socket.send(answerTo(question, end, addresses, answers !== undefined), port, address);
  });
  socket.bind(53, '127.0.0.1');
  await once(socket, 'listening');
  return { close: () => socket.close() };
}

function readQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(
  question: Buffer,
  end: number,
  addresses: readonly string[],
  isKnown: boolean,
): Buffer {
  const header = Buffer.from(question.subarray(0, end));
  header.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(0xc000 + HEADER_BYTES, 0); // the name of the question
    record.writeUInt16BE(TYPE_A, 2);
    record.writeUInt16BE(1, 4); // class IN; a time to live of 0 follows
    record.writeUInt16BE(4, 10);
    record.set(address.split('.').map(Number), 12);
    return record;
  });
  return Buffer.concat([header, ...records]);
}

import type { Socket } from 'node:net'

const newline = 0x0a

/**
 * Cuts what a socket receives into lines of UTF-8 text. A line longer than `maximum` bytes ends the connection.
 * @param onLine gets each line without its newline; empty ones are left out
 */
export function readLines(socket: Socket, maximum: number, onLine: (line: string) => void): void {
  let pending: Buffer[] = []
  let size = 0
  socket.on('data', (chunk: Buffer) => {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)])
      pending = []
      size = 0
      start = end + 1
      if (line.length > maximum) return void socket.destroy()
      if (line.length > 0) onLine(line.toString('utf8'))
      if (socket.destroyed) return
    }
    const rest = chunk.subarray(start)
    size += rest.length
    if (size > maximum) return void socket.destroy()
    if (rest.length > 0) pending.push(rest)
  })
}

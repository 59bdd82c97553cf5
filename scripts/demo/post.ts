import { request } from 'node:https'
import type { Line } from './processes.ts'

/** One POST of JSON to the gateway on this machine, trusting the fleet's root only. */
export function postToGateway(port: number, root: string, path: string, body: object): Promise<Line> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      ca: root,
      headers: { 'content-type': 'application/json' },
    }
    const call = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(JSON.parse(text) as Line))
    })
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
}

import { randomBytes } from 'node:crypto'
import { FleetTls } from '../support/fleet-tls.ts'
import { compare, type Side } from './measure.ts'
import { bareRelay, gatewayRelay, type Pair } from './relays.ts'
import { compared, type Report } from './report.ts'

const cases = [
  { agents: 2, size: 256 },
  { agents: 2, size: 4096 },
  { agents: 20, size: 256 },
  { agents: 200, size: 256 },
]

/** Messages on the way at once, over all pairs: enough that nobody waits for a round trip. */
const onTheWay = 64

/**
 * Messages from agent to agent over two TLS sockets each. Both relays, the senders and the recipients share this
 * process, so the figures are the work of all of them on one core.
 */
export async function benchRelay(report: Report): Promise<void> {
  const fleet = await FleetTls.make()
  for (const agents of new Set(cases.map((one) => one.agents))) {
    const names = Array.from({ length: agents }, (_, index) => `agent-${index}`)
    const credentials = new Map(
      await Promise.all(names.map(async (name) => [name, await fleet.agent(name)] as const)),
    )
    const ours = await gatewayRelay(fleet, credentials)
    const bare = await bareRelay(fleet, credentials)
    try {
      for (const { size } of cases.filter((one) => one.agents === agents)) {
        const body = randomBytes(size)
        report(
          compared(
            'relay',
            `${size} B, ${agents} agents`,
            'a bare ws relay over the same mutual TLS 1.3',
            'messages end to end a CPU second',
            await compare(traffic(ours.pairs, body), traffic(bare.pairs, body), {
              time: 'processor',
              rounds: 11,
              milliseconds: 100,
              least: onTheWay,
            }),
          ),
        )
      }
    } finally {
      await ours.stop()
      await bare.stop()
    }
  }
}

/** Keeps `onTheWay` messages moving: a message that arrives lets its pair send the next. */
function traffic(pairs: readonly Pair[], body: Buffer): Side {
  return {
    run: (count) =>
      new Promise((resolve, reject) => {
        let unsent = count
        let missing = count
        const send = (pair: Pair): void => {
          if (unsent === 0) return
          unsent -= 1
          if (!pair.send(body)) reject(new Error('a message was not taken'))
        }
        for (const pair of pairs) {
          pair.arrived = () => {
            missing -= 1
            if (missing === 0) resolve()
            else send(pair)
          }
        }
        const each = Math.max(1, Math.floor(onTheWay / pairs.length))
        for (const pair of pairs) for (let index = 0; index < each; index += 1) send(pair)
      }),
  }
}

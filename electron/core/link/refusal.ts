import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { type ErrorCode, errorCodes } from '#shared/errors.ts'

/** The gateway's typed refusal of a WebSocket. */
export interface GatewayRefusal {
  readonly code: ErrorCode
  readonly message: string
  /** Trying at once again would meet the same refusal. */
  readonly final: boolean
}

const Problem = z.object({ code: z.enum(errorCodes), message: z.string().max(1000) })
const maxBytes = 16 * 1024

/** Reads why the gateway answered an upgrade with something else; never throws. */
export async function readRefusal(response: IncomingMessage): Promise<GatewayRefusal> {
  const status = response.statusCode ?? 0
  const problem = Problem.safeParse(await readJson(response))
  const final = status === 401 || status === 403 || status === 404
  if (problem.success) return { ...problem.data, final }
  return { code: 'agent_unreachable', message: `The gateway answered with HTTP status ${status}.`, final }
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response) {
      size += (chunk as Buffer).length
      if (size > maxBytes) return undefined
      chunks.push(chunk as Buffer)
    }
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return undefined
  }
}

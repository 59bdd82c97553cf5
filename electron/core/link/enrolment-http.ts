import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { ErrorCode } from '#shared/errors.ts'
import { OpaqueId } from '#shared/model/primitives.ts'
import { type Clock, isoTime } from '../clock.ts'
import { pemText } from '../crypto/pem.ts'
import { SecurityException } from '../errors.ts'
import { replyWith, replyWithJson, statusOf } from './http-reply.ts'
import type { GatewayLimits } from './limits.ts'
import { SourceCounts, SourceRates } from './rate-limit.ts'
import { readBody } from './request-body.ts'
import { sourceOf } from './source.ts'
import type { EnrolmentCounter, FleetDirectory, Turned } from './surroundings.ts'

/** Longest long poll, in seconds. */
export const longestWaitSeconds = 25

const Submission = z.strictObject({ csr: z.string().min(1) })

export interface EnrolmentHttpSurroundings {
  readonly enrolment: EnrolmentCounter
  readonly directory: Pick<FleetDirectory, 'trustAnchor' | 'crl'>
  readonly clock: Clock
  readonly limits: GatewayLimits
  readonly onTurned: (turned: Turned) => void
  /** Told of what is not the peer's fault; the peer only reads `internal`. */
  readonly onError: (error: unknown) => void
}

/**
 * The gateway's requests, open to anybody who reaches the port: the root, the CRL, and enrolment. Nothing here is
 * secret; a certificate is given to whoever knows the request's random identifier, and is of use only with its key.
 */
export class EnrolmentHttp {
  readonly #surroundings: EnrolmentHttpSurroundings
  readonly #submissions: SourceRates
  readonly #waiting = new SourceCounts()

  constructor(surroundings: EnrolmentHttpSurroundings) {
    const { limits, clock } = surroundings
    this.#surroundings = surroundings
    this.#submissions = new SourceRates(
      { perSecond: limits.enrolmentsPerMinute / 60, burst: limits.enrolmentBurst },
      clock,
    )
  }

  /** Answers one request; never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch (error) {
      if (error instanceof SecurityException) {
        replyWithJson(response, statusOf(error.code), { code: error.code, message: error.message })
        return
      }
      this.#surroundings.onError(error)
      replyWithJson(response, 500, { code: 'internal', message: 'The gateway could not answer. Try again.' })
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The base only completes what the request line leaves out.
    const url = URL.parse(request.url ?? '', 'https://gateway')
    if (!url) throw new SecurityException('invalid_input', 'The request names no readable path.')
    const decision = /^\/enrol\/([^/]+)$/.exec(url.pathname)?.[1]
    if (url.pathname === '/enrol') {
      if (allows('POST', request, response)) await this.#submit(request, response)
      return
    }
    const known = decision !== undefined || ['/health', '/ca.pem', '/crl.der'].includes(url.pathname)
    if (!known) throw new SecurityException('not_found', 'The gateway has nothing under this path.')
    if (!allows('GET', request, response)) return
    const { directory, clock } = this.#surroundings
    if (decision !== undefined) await this.#decision(decision, url.searchParams, request, response)
    else if (url.pathname === '/health')
      replyWithJson(response, 200, { state: 'listening', time: isoTime(clock.now()) })
    else if (url.pathname === '/ca.pem') {
      replyWith(response, 200, 'application/x-pem-file', pemText('CERTIFICATE', directory.trustAnchor()))
    } else replyWith(response, 200, 'application/pkix-crl', directory.crl())
  }

  async #submit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { enrolment, limits } = this.#surroundings
    const source = sourceOf(request.socket.remoteAddress)
    if (!this.#submissions.take(source)) {
      this.#turnAway(
        response,
        429,
        source,
        'rate_limited',
        'Too many enrolments from this source. Wait a minute.',
      )
      return
    }
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      this.#turnAway(response, 415, source, 'invalid_input', 'Send JSON, with content type application/json.')
      return
    }
    const body = await readBody(request, limits.maxEnrolmentBytes)
    if (!body) {
      this.#turnAway(
        response,
        413,
        source,
        'invalid_input',
        `An enrolment is at most ${limits.maxEnrolmentBytes} bytes.`,
      )
      return
    }
    const receipt = await enrolment.submit(readSubmission(body), source)
    replyWithJson(response, 202, {
      requestId: receipt.id,
      fingerprint: receipt.fingerprint,
      state: receipt.state,
    })
  }

  async #decision(
    id: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { enrolment, limits } = this.#surroundings
    if (!OpaqueId.safeParse(id).success)
      throw new SecurityException('not_found', 'There is no such enrolment request.')
    const seconds = readWait(query.get('wait'))
    const source = sourceOf(request.socket.remoteAddress)
    // Nothing can be known of an unknown request later either, and only an open one is worth waiting for.
    let decision = enrolment.status(id)
    if (seconds > 0 && decision.state === 'pending') {
      if (
        this.#waiting.total >= limits.maxWaiting ||
        this.#waiting.of(source) >= limits.maxWaitingPerSource
      ) {
        this.#turnAway(
          response,
          429,
          source,
          'rate_limited',
          'Too many wait for a decision. Ask again later.',
        )
        return
      }
      this.#waiting.add(source)
      try {
        decision = await enrolment.waitForDecision(id, seconds * 1000)
      } finally {
        this.#waiting.remove(source)
      }
    }
    const { state, reason, certificate, chain } = decision
    replyWithJson(response, 200, { state, reason, certificate, chain })
  }

  /** Refuses before the body was read, so the connection cannot be used again. */
  #turnAway(
    response: ServerResponse,
    status: number,
    source: string,
    code: ErrorCode,
    message: string,
  ): void {
    const headers = { connection: 'close', ...(status === 429 && { 'retry-after': '60' }) }
    replyWithJson(response, status, { code, message }, headers)
    this.#surroundings.onTurned({ agentId: null, code, message, source })
  }
}

function allows(method: 'GET' | 'POST', request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === method) return true
  const refusal = { code: 'invalid_input', message: `Use ${method} here.` }
  replyWithJson(response, 405, refusal, { allow: method, connection: 'close' })
  return false
}

function readSubmission(body: Buffer): string {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new SecurityException('invalid_input', 'The enrolment is not JSON text.', { cause: error })
  }
  const parsed = Submission.safeParse(value)
  if (!parsed.success) {
    throw new SecurityException(
      'invalid_input',
      'An enrolment is {"csr": "<PEM of a PKCS#10 request>"} and nothing else.',
    )
  }
  return parsed.data.csr
}

function readWait(text: string | null): number {
  if (text === null) return 0
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : NaN
  if (seconds <= longestWaitSeconds) return seconds
  throw new SecurityException('invalid_input', `wait is a number of seconds, 0 to ${longestWaitSeconds}.`)
}

import type { Readable } from 'node:stream'
import { maxRequestBytes } from '#shared/contract/transport.ts'
import { isOperationName, operationNames } from '#shared/contract/operations.ts'
import { SecurityException } from '#core/errors.ts'
import { controlSocket } from './console.ts'
import { connectLocalSocket, type LocalClient } from './local-socket.ts'
import { CommandFailure, ExitCode, usageFailure } from './outcome.ts'
import { writeJsonLine, type Writer } from './output.ts'

/** Fields that hold a secret and so may not stand in an argument. */
const secretFields = ['pin', 'newPin', 'soPin']

export interface CallOptions {
  readonly dataDir: string
  readonly json: boolean
}

/**
 * Asks a running headless console for one operation of the contract and prints the answer.
 * @param text the input as JSON; `-` reads it from standard input; left out it is `{}`
 * @returns `refused` if the console refused
 * @throws CommandFailure if there is no such operation, no JSON, a secret in the argument, or no console
 */
export async function runCall(
  name: string,
  text: string | undefined,
  options: CallOptions,
  parts: { readonly stdin: Readable; readonly stdout: Writer },
): Promise<ExitCode> {
  if (!isOperationName(name)) {
    throw usageFailure(`There is no operation ${name}. The operations are: ${operationNames.join(', ')}.`)
  }
  const input = text === '-' ? parse(await readAll(parts.stdin)) : parse(text ?? '{}')
  if (text !== '-' && hasSecret(input)) {
    throw usageFailure(
      `A PIN in an argument can be read by every process of this machine. Give the input on standard input: groundlock call ${name} -`,
    )
  }
  const client = await connect(options.dataDir)
  try {
    const reply = await client.call(name, input)
    if (!reply.ok) throw new CommandFailure(ExitCode.refused, reply.code, reply.message)
    if (options.json) writeJsonLine(parts.stdout, reply.value)
    else parts.stdout.write(`${escapeFormatting(JSON.stringify(reply.value, null, 2))}\n`)
    return ExitCode.ok
  } finally {
    client.close()
  }
}

async function connect(folder: string): Promise<LocalClient> {
  try {
    return await connectLocalSocket(folder, controlSocket)
  } catch (error) {
    if (!(error instanceof SecurityException)) throw error
    const message =
      'No headless console runs on this data folder. Start one with groundlock console, or check --data-dir.'
    throw new CommandFailure(ExitCode.couldNotRun, error.code, message, { cause: error })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the input, which may hold a PIN.
    throw usageFailure('The input is not valid JSON.')
  }
}

const hasSecret = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && secretFields.some((field) => Object.hasOwn(input, field))

async function readAll(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Buffer)
    size += bytes.length
    if (size > maxRequestBytes) throw usageFailure(`The input is larger than ${maxRequestBytes / 1024} KiB.`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** JSON.stringify escapes control characters but not the invisible ones that can turn text around (Unicode Cf). */
const escapeFormatting = (json: string): string =>
  json.replace(/[\p{Cf}\u007f-\u009f]/gu, (found) =>
    [...Array(found.length).keys()]
      .map((index) => `\\u${found.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  )

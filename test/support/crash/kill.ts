import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

/**
 * Runs a script of this folder until it has printed `lines` lines, ends it with SIGKILL in the middle of its work, and
 * answers every whole line it printed before it died.
 */
export async function killAfter(lines: number, script: string, ...parameters: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const complaints: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text))
  const closed = once(child, 'close')
  const printed: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line)
    if (printed.length === lines) child.kill('SIGKILL')
  }
  await closed
  expect(child.signalCode, complaints.join('')).toBe('SIGKILL')
  return printed
}

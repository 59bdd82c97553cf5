import type { Page } from '@playwright/test'
import { GroundlockProcess } from '../../../scripts/demo/processes.ts'

const launcher = 'npm run -s groundlock -- '

/** The command that the screen offers for an agent, as its copy button puts it on the clipboard. */
export async function copyCommand(page: Page, agent: string): Promise<string[]> {
  await page.getByRole('button', { name: `Copy command for ${agent}` }).click()
  const text = await page.evaluate(() => navigator.clipboard.readText())
  if (!text.startsWith(launcher)) throw new Error(`This is not a command of the launcher: ${text}`)
  return text.slice(launcher.length).split(' ')
}

/** The command with other values for some of its options. */
export function withOptions(command: readonly string[], options: Readonly<Record<string, string>>): string[] {
  return command.map((word, index) => options[command[index - 1] ?? ''] ?? word)
}

/** Runs an enrolment until it waits for the operator. @returns the process and the fingerprint it printed */
export async function requestEnrolment(
  agent: string,
  command: readonly string[],
): Promise<{ process: GroundlockProcess; fingerprint: string }> {
  const process = new GroundlockProcess(`enrol ${agent}`, command)
  const requested = await process.line('the request', ({ event }) => event === 'requested')
  return { process, fingerprint: String(requested['fingerprint']) }
}

import { become } from './processes.mjs'
import { environment } from './runtime.mjs'

/**
 * Runs a file of the clone under Node 24 in this script's place. File descriptors that are named by a `--...-fd N`
 * option go with it, so that a secret can be handed over without an argument.
 * @param {string} node @param {string} file @param {readonly string[]} args
 * @returns {Promise<number>} exit code
 */
export function launch(node, file, args) {
  return become(node, [file, ...args], { env: environment(node), stdio: descriptors(args) })
}

/**
 * @param {readonly string[]} args
 * @returns {('inherit' | 'ignore' | number)[]} what each descriptor of the child is
 */
export function descriptors(args) {
  /** @type {('inherit' | 'ignore' | number)[]} */
  const stdio = ['inherit', 'inherit', 'inherit']
  for (const [index, arg] of args.entries()) {
    const text = /^--[a-z-]+-fd(?:=(.*))?$/.exec(arg)
    if (text === null) continue
    const descriptor = Number(text[1] ?? args[index + 1])
    if (!Number.isInteger(descriptor) || descriptor < 3 || descriptor > 255) continue
    while (stdio.length < descriptor) stdio.push('ignore')
    stdio[descriptor] = descriptor
  }
  return stdio
}

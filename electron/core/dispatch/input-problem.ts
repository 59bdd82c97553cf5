import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/** Longest part of a caller's own text (a field's name) that an answer repeats. */
const longestEcho = 64

/**
 * The first thing that does not fit an operation's schema, as a sentence that names the field. Values are never
 * repeated: the field may be a PIN.
 * @param input what was given, to tell a missing field from a wrong one
 */
export function describeInputProblem(error: z.ZodError, input: unknown): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'The input does not fit the operation.'
  const where =
    issue.path.length === 0 ? 'The input' : `The field “${echo(issue.path.map(String).join('.'))}”`
  return `${where} ${isMissing(issue, input) ? 'is missing' : sentence(issue)}.`
}

function isMissing(issue: Issue, input: unknown): boolean {
  let value = input
  for (const key of issue.path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return true
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return false
}

function sentence(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${articles[issue.expected] ?? `a ${issue.expected}`}`
    case 'unrecognized_keys':
      return `has an unknown field “${echo(issue.keys[0] ?? '')}”`
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`
    case 'too_small':
      if (issue.origin === 'number') return `must be at least ${issue.minimum}`
      return issue.origin === 'string' && issue.minimum === 1
        ? 'must not be empty'
        : `is not acceptable: ${inner(issue)}`
    case 'too_big':
      if (issue.origin === 'number') return `must be at most ${issue.maximum}`
      return issue.origin === 'string'
        ? `is longer than ${issue.maximum} characters`
        : `is not acceptable: ${inner(issue)}`
    default:
      return `is not acceptable: ${inner(issue)}`
  }
}

/** zod's or the schema's own message, to stand inside a sentence. */
const inner = (issue: Issue): string => issue.message.replace(/\.$/, '')

const articles: Record<string, string> = {
  string: 'text',
  object: 'an object',
  array: 'a list',
  int: 'a whole number',
}

const echo = (text: string): string => (text.length > longestEcho ? `${text.slice(0, longestEcho)}…` : text)

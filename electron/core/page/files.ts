import { readFile, realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

/** The kinds of file a built screen consists of. Anything else in the folder is not served. */
const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

export interface PageFile {
  readonly contentType: string
  readonly body: Buffer
}

/**
 * Reads one file of the screen, from `folder` and nowhere else.
 * @param pathname the path of a URL, still percent-encoded; `/` is index.html
 * @returns null for everything that is not such a file: unknown, outside the folder (also through a link), a folder,
 *   a hidden file, a kind that a screen has not.
 */
export async function readPageFile(folder: string, pathname: string): Promise<PageFile | null> {
  const segments = pathSegments(pathname === '/' ? '/index.html' : pathname)
  if (segments === null) return null
  const contentType = contentTypes[extname(segments.at(-1) ?? '').toLowerCase()]
  if (contentType === undefined) return null
  try {
    const root = await realpath(folder)
    const file = await realpath(join(root, ...segments))
    if (!file.startsWith(root + sep)) return null
    if (!(await stat(file)).isFile()) return null
    return { contentType, body: await readFile(file) }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null
    throw error
  }
}

/** The path's segments, decoded once; null if one is empty, hidden, a step upwards, or holds a separator or a NUL. */
function pathSegments(pathname: string): string[] | null {
  if (!pathname.startsWith('/')) return null
  const segments: string[] = []
  for (const part of pathname.slice(1).split('/')) {
    let segment: string
    try {
      segment = decodeURIComponent(part)
    } catch {
      return null
    }
    // A leading dot is a hidden file, `.` or `..`; a colon is a drive or an alternate stream on Windows.
    if (segment === '' || segment.startsWith('.') || /[/\\:\0]/.test(segment)) return null
    segments.push(segment)
  }
  return segments
}

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { SelfTestView, SettingsView } from '#shared/model/console.ts'
import { type Configuration, describeConfiguration } from '../configuration.ts'
import { cryptoLibrary } from '../crypto/library.ts'
import type { DataFolder } from '../data-folder.ts'
import { readConformance } from './conformance-record.ts'

/** What Settings shows: the configuration as it is in force, what runs it, what PKCS#11 needs, and how the engine was tested. */
export function settingsView(
  dataFolder: DataFolder,
  configuration: Configuration,
  sqlite: string,
  selfTest: SelfTestView | null,
): SettingsView {
  return {
    dataFolder: dataFolder.path,
    configurationFile: dataFolder.configurationFile,
    configuration: describeConfiguration(configuration),
    runtime: {
      node: process.versions.node,
      crypto: cryptoLibrary(),
      sqlite,
      platform: `${process.platform} ${process.arch}`,
    },
    pkcs11: pkcs11State(),
    selfTest,
    conformance: readConformance(dataFolder.path),
  }
}

/** Looks for the compiled PKCS#11 binding without loading it: a driver is none of the main process's affairs. */
function pkcs11State(): SettingsView['pkcs11'] {
  let binding: string | null = null
  try {
    const manifest = createRequire(import.meta.url).resolve('pkcs11js/package.json')
    binding = join(dirname(manifest), 'build', 'Release', 'pkcs11.node')
  } catch {
    // Not installed at all: the same as not compiled.
  }
  return binding !== null && existsSync(binding)
    ? {
        available: true,
        explanation:
          'The PKCS#11 binding is built. This version signs in with the software token; USB tokens follow.',
      }
    : {
        available: false,
        explanation:
          'The PKCS#11 binding is not built: it needs a C++ compiler, make and Python 3 (Debian: apt install g++ make python3). Install them and start again. The software token works without it.',
      }
}

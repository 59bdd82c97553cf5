import { Menu } from 'electron'

/**
 * No menu, so no reload and no developer tools from the keyboard. macOS takes copy, paste and quit from the menu and
 * gets those only.
 */
export function setMenu(platform: NodeJS.Platform = process.platform): void {
  const menu =
    platform === 'darwin'
      ? Menu.buildFromTemplate([
          {
            label: 'Groundlock',
            submenu: [{ role: 'about' }, { type: 'separator' }, { role: 'hide' }, { role: 'quit' }],
          },
          { role: 'editMenu' },
        ])
      : null
  Menu.setApplicationMenu(menu)
}

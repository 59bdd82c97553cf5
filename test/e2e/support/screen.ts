import { expect, type Locator, type Page } from '@playwright/test'

export interface Secrets {
  readonly pin: string
  readonly soPin: string
}

/** What the operator of the tests is called. */
export const operator = 'Ada Ferrari'

/** The parts of the screen, found as a person or a screen reader finds them: by role and name. */
export class Screen {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  heading(name: string): Locator {
    return this.page.getByRole('heading', { level: 1, name, exact: true })
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true })
  }

  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true })
  }

  /** The row of a table, or of a grid, that holds all of `texts`. */
  row(table: string, ...texts: string[]): Locator {
    let rows = this.page.getByLabel(table, { exact: true }).getByRole('row')
    for (const text of texts) rows = rows.filter({ hasText: text })
    return rows
  }

  async open(view: string): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Views' })
      .getByRole('link', { name: new RegExp(`^${view}`) })
      .click()
    await expect(this.heading(view)).toBeVisible()
  }

  /** The wizard's second page. The token is created; the wizard goes on to the root CA. */
  async createToken({ pin, soPin }: Secrets): Promise<void> {
    await this.button('Begin set-up').click()
    await this.field('Token label').fill('Flight token')
    await this.field('Your name').fill(operator)
    await this.field('PIN').fill(pin)
    await this.field('PIN again').fill(pin)
    await this.field('SO-PIN').fill(soPin)
    await this.field('SO-PIN again').fill(soPin)
    await this.button('Create token').click()
    await expect(this.heading('Create the fleet’s root CA')).toBeVisible()
  }

  async createAuthority(): Promise<void> {
    await expect(this.page.getByRole('radio', { name: /ECDSA P-384/ })).toBeChecked()
    await expect(this.page.getByRole('radio', { name: /RSA-4096/ })).toBeEnabled()
    await this.field('Common name').fill('Proximity Fleet Root CA')
    await this.field('Organisation').fill('Proximity Fleet')
    await this.button('Create root CA').click()
    await expect(this.heading('Ready to enrol agents')).toBeVisible()
  }

  async signIn(pin: string, action: 'Sign in' | 'Unlock' = 'Sign in'): Promise<void> {
    await this.field('PIN').fill(pin)
    await this.button(action).click()
  }
}

import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'

const desktop = { width: 1440, height: 900 }
const sizes = [{ width: 1024, height: 768 }, desktop]

/**
 * Looks at the page at both supported sizes: nothing to scroll sideways, and nothing that axe objects to. A picture of
 * each is kept among the test results. The page is left at 1440 x 900.
 */
export async function inspect(page: Page, name: string): Promise<void> {
  for (const size of sizes) {
    const where = `${name} at ${size.width}x${size.height}`
    await page.setViewportSize(size)
    await settled(page)
    await page.screenshot({ path: test.info().outputPath(`${name}-${size.width}.png`) })
    expect.soft(await page.evaluate(sidewaysScrollers), `${where}: scrolls sideways`).toEqual([])
    const { violations } = await new AxeBuilder({ page }).analyze()
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    expect.soft(found, `${where}: accessibility`).toEqual([])
  }
}

/** Transitions have ended and what follows from the new size has been drawn. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))
    await frame()
    await frame()
    const ending = document
      .getAnimations()
      .filter((each) => each.effect?.getComputedTiming().iterations !== Infinity)
    await Promise.allSettled(ending.map(({ finished }) => finished))
  })
}

/** What can be scrolled sideways, described by its tag and class. Runs in the page. */
function sidewaysScrollers(): string[] {
  return [document.documentElement, ...document.querySelectorAll('body *')]
    .filter((element) => {
      const root = element === document.documentElement
      const scrolls = ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
      return (root || scrolls) && element.scrollWidth > element.clientWidth
    })
    .map(
      ({ tagName, className, scrollWidth, clientWidth }) =>
        `${tagName.toLowerCase()}.${className} ${scrollWidth} > ${clientWidth}`,
    )
}

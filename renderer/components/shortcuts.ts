import { views, type ViewName } from '../stores/navigation.ts'

const patience = 1500

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

/** `g` and then a view's letter opens the view. Off while somebody types and while a dialog is open. */
export function shortcuts(open: (view: ViewName) => void): (event: KeyboardEvent) => void {
  let armedAt = -Infinity
  return (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey
    if (modified || typing(event.target) || document.querySelector('[role="dialog"]')) return
    if (event.key === 'g') {
      armedAt = event.timeStamp
      return
    }
    const view = views.find((each) => each.key === event.key)
    if (view && event.timeStamp - armedAt < patience) {
      event.preventDefault()
      open(view.name)
    }
    armedAt = -Infinity
  }
}

import { setTimeout } from 'node:timers/promises';

// Waits between two looks at something that changes by itself.
export function pause(milliseconds) {
  return setTimeout(milliseconds);
}

import { expect, test } from 'vitest';

import { takeToken } from './hosttoken.ts';

test('a token is taken out of the fragment, the rest stays', () => {
  expect(takeToken('#token=a.b-c_d.e')).toEqual({ token: 'a.b-c_d.e', rest: '' });
  expect(takeToken('#show=friday&token=%20x%20')).toEqual({ token: 'x', rest: '#show=friday' });
  expect(takeToken('#top')).toEqual({ token: '', rest: '#top=' });
  expect(takeToken('')).toEqual({ token: '', rest: '' });
});

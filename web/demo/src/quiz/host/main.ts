// The page of a quiz's host.

import '../../theme.css';
import { apply } from '../../i18n.ts';

apply();

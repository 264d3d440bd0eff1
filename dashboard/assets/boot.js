// The pages work without this file. It turns on the parts of nhsuk-frontend that make them more convenient: the menu
// that folds on narrow screens, and focus on the error summary.
import { initAll } from './nhsuk-frontend.min.js';

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported');
initAll();

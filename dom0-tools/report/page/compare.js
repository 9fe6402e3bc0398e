/* Two or more results files side by side, what changed most first. */
function compareSection() {
  return null;
}

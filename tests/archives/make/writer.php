<?php
// Writes a tree: php writer.php phar|pear TREE ARCHIVE
[, $kind, $tree, $archive] = $argv;
chdir($tree);
$names = array_values(array_diff(scandir("."), [".", ".."]));
if ($kind === "phar") {
    $phar = new PharData($archive);
    foreach ($names as $name) {
        if (is_dir($name)) {
            $phar->addEmptyDir($name);
        } elseif (!is_link($name)) {
            $phar->addFile($name);
        }
    }
    $phar->addFile("d/e/more");
} else {
    require "Archive/Tar.php";
    $tar = new Archive_Tar($archive);
    $tar->create($names);
}

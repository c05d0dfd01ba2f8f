# Walks a tree and writes it: ruby writer.rb gem|minitar TREE ARCHIVE
kind, tree, archive = ARGV
names = Dir.chdir(tree) { Dir.glob("**/*", File::FNM_DOTMATCH).reject { |n| n.end_with?("/.") || n == "." }.sort }
if kind == "gem"
  require "rubygems/package"
  File.open(archive, "wb") do |out|
    Gem::Package::TarWriter.new(out) do |tar|
      names.each do |name|
        at = File.lstat(File.join(tree, name))
        begin
          if at.symlink? then tar.add_symlink(name, File.readlink(File.join(tree, name)), at.mode & 0o7777)
          elsif at.directory? then tar.mkdir(name, at.mode & 0o7777)
          else
            content = File.binread(File.join(tree, name))
            tar.add_file_simple(name, at.mode & 0o7777, content.bytesize) { |io| io.write(content) }
          end
        rescue Gem::Package::TooLongFileName => e
          warn e.message
        end
      end
    end
  end
else
  require "archive/tar/minitar"
  Dir.chdir(tree) do
    File.open(archive, "wb") { |out| Archive::Tar::Minitar.pack(names.reject { |n| File.symlink?(n) }, out) }
  end
end

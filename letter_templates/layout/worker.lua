-- Sets one letter after another, so that pandoc starts once and not once for each letter.
-- compound_coverage/letters/workers.py tells what a request and an answer look like.

local layout = arg[1]
local plain = dofile(pandoc.path.join({ layout, "plain.lua" }))

local OPTIONS = {
  docx = {
    reference_doc = pandoc.path.join({ layout, "reference.docx" }),
    highlight_method = "none",
  },
  typst = {},
}

local NO_FILES = {} -- given as all there is to read, it runs the reader in pandoc's sandbox

-- The writer has no sandbox: what would make it open a file is gone from the text by then.
local function set(request)
  local text, rooms, made = request.text, {}, {}
  local letter = plain.words_and_tables(pandoc.read(text, request.reader, nil, NO_FILES), text)
  letter.meta = { lang = request.language }
  for place, format in ipairs(request.formats) do
    local fitted = plain.fitted(letter, text, rooms, format)
    made[place] = pandoc.write(fitted, format, OPTIONS[format])
  end
  return made
end

local ESCAPES = { ["\t"] = "\27t", ["\n"] = "\27n", ["\r"] = "\27r", ["\27"] = "\27e" }

local function send(word, parts)
  local fields = { word }
  for place, part in ipairs(parts) do
    fields[place + 1] = part:gsub("[\t\n\r\27]", ESCAPES)
  end
  io.stdout:write(table.concat(fields, "\t"), "\n")
  io.stdout:flush()
end

for line in io.lines() do
  local done, made = pcall(set, pandoc.json.decode(line, false))
  if done then
    send("ok", made)
  else
    send("refused", { tostring(made) })
  end
end

-- Keeps a letter to words and tables, whatever a person typed into its Markdown:
-- nothing is fetched, nothing is hidden, nothing is code for another program.

local last_level = 0

-- Raw markup stays visible as the text it is.
function RawInline(el)
  return pandoc.Inlines(el.text)
end

function RawBlock(el)
  return pandoc.Para(pandoc.Inlines(el.text))
end

-- An image would read a file or an address; only its description stays.
function Image(el)
  if #el.caption > 0 then
    return el.caption
  end
  return pandoc.Inlines(el.src)
end

-- A reader of paper can't click, and a hidden address can lie.
function Link(el)
  local shown = pandoc.utils.stringify(el.content)
  if shown == el.target then
    return el.content
  end
  local words = el.content
  words:insert(pandoc.Space())
  words:insert(pandoc.Str("(" .. el.target .. ")"))
  return words
end

-- The name of a language could choose another writer for a code block.
function CodeBlock(el)
  return pandoc.CodeBlock(el.text)
end

-- Screen readers and PDF/UA need headings that start at one and never skip a level.
function Header(el)
  if pandoc.utils.stringify(el.content) == "" then
    return {}
  end
  el.level = math.min(el.level, last_level + 1)
  last_level = el.level
  el.attr = pandoc.Attr()
  return el
end

-- Columns share the page: each gets room for its longest word, then for its longest text.
-- Word may fall back to a wider font than ours, so there a line holds fewer letters.
local LINE = FORMAT == "docx" and 70 or 96
local LONGEST_WORD, LONGEST_TEXT = 16, 60

local function length(text)
  return utf8.len(text) or #text
end

local function least_and_wish(cells)
  local word, text = 4, 4
  for _, cell in ipairs(cells) do
    text = math.max(text, math.min(length(cell), LONGEST_TEXT))
    for part in cell:gmatch("%S+") do
      word = math.max(word, math.min(length(part), LONGEST_WORD))
    end
  end
  return word + 2, math.max(text - word, 1)
end

local function column_texts(tbl)
  local columns = {}
  for place = 1, #tbl.colspecs do
    columns[place] = {}
  end
  local function take(rows)
    for _, row in ipairs(rows) do
      for place, cell in ipairs(row.cells) do
        if columns[place] then
          table.insert(columns[place], pandoc.utils.stringify(cell.contents))
        end
      end
    end
  end
  take(tbl.head.rows)
  for _, body in ipairs(tbl.bodies) do
    take(body.body)
  end
  return columns
end

function Table(tbl)
  local least, wish, least_sum, wish_sum = {}, {}, 0, 0
  for place, cells in ipairs(column_texts(tbl)) do
    least[place], wish[place] = least_and_wish(cells)
    least_sum, wish_sum = least_sum + least[place], wish_sum + wish[place]
  end
  local spare = math.max(LINE - least_sum, 0)
  for place, spec in ipairs(tbl.colspecs) do
    local width = least[place] + spare * wish[place] / wish_sum
    tbl.colspecs[place] = { spec[1], width / (least_sum + spare) }
  end
  return tbl
end

-- An entity such as &#x202e; can bring in marks that turn text round, or no character at all.
local function is_refused(code)
  return code == 0xAD or code == 0x061C or code == 0x200E or code == 0x200F
    or (code >= 0x202A and code <= 0x202E)
    or (code >= 0x2066 and code <= 0x2069)
    or (code >= 0x80 and code <= 0x9F)
    or code % 0x10000 >= 0xFFFE
end

local function only_visible(text)
  local kept = {}
  for _, code in utf8.codes(text) do
    if not is_refused(code) then
      table.insert(kept, utf8.char(code))
    end
  end
  return table.concat(kept)
end

-- Typst would set three full stops as one sign; a typed text keeps its own characters.
local function with_full_stops(text)
  local found = pandoc.Inlines({})
  local from, to = text:find("...", 1, true)
  while from do
    found:insert(pandoc.Str(text:sub(1, from - 1)))
    found:insert(pandoc.RawInline("typst", "\\.\\.\\."))
    text = text:sub(to + 1)
    from, to = text:find("...", 1, true)
  end
  found:insert(pandoc.Str(text))
  return found
end

local function Str(el)
  local text = only_visible(el.text)
  if FORMAT == "typst" and text:find("...", 1, true) then
    return with_full_stops(text)
  end
  return pandoc.Str(text)
end

return {
  { RawInline = RawInline, RawBlock = RawBlock, Image = Image, Link = Link, CodeBlock = CodeBlock },
  { traverse = "topdown", Header = Header },
  { Table = Table },
  { Str = Str },
}
